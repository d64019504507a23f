export * from './systemd.js';
export { TemplateError } from './template.js';
