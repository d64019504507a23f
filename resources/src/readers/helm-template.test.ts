import { describe, expect, it } from 'vitest';
import { at, text, type Value } from '../value.js';
import { isHelmTemplate, maskTemplate } from './helm-template.js';
import { readKubernetesYaml } from './kubernetes-yaml.js';

const read = (source: string) => readKubernetesYaml(source, { file: 'templates/a.yaml' });
const head =
  'apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ include "db.name" . }}\n  namespace: "{{ .Release.Namespace }}"\n';
const secret = (lines: string) => read(`${head}stringData:\n${lines.replace(/^/gm, '  ')}\n`);
const first = (source: ReturnType<typeof read>, ...path: string[]): Value =>
  at(source.resources[0]?.properties ?? { kind: 'absent' }, ...path);

describe('a template of Helm', () => {
  it.each([
    { name: 'quoted', line: 'password: "{{ .Values.password }}"' },
    { name: 'in single quotes', line: "password: '{{ .Values.password }}'" },
    { name: 'without quotes', line: 'password: {{ .Values.password | b64enc | quote }}' },
    { name: 'with a quote inside', line: 'password: "{{ .Values.password | default "" }}"' },
    { name: 'inside a text', line: 'password: "a-{{ .Values.password }}-b"' },
    { name: 'a block that it inserts', line: 'password:\n  {{- toYaml .Values.password | nindent 4 }}' },
    { name: 'a text of several lines', line: 'password: |\n  a={{ .Values.password }}\n  b=c' },
  ])('gives a value that is not known, and not absent: $name', ({ line }) => {
    const model = secret(`${line}\nother: kept`);
    expect(model.notAnalysed).toEqual([]);
    expect(first(model, 'stringData', 'password')).toMatchObject({
      kind: 'unknown',
      because: 'the chart fills it in',
      provenance: { kind: 'unknown' },
      place: { line: 7 },
    });
    expect(first(model, 'stringData', 'other')).toMatchObject({ kind: 'known', value: 'kept' });
  });

  it('keeps the name as it is written, which is how its other templates name it', () => {
    const [resource] = secret('a: b').resources;
    expect(resource).toMatchObject({
      name: '{{ include "db.name" . }}',
      urn: expect.stringContaining('{{ .Release.Namespace }}/') as string,
    });
    const pod = read(
      'apiVersion: v1\nkind: Pod\nmetadata: { name: "{{ .Release.Name }}" }\nspec:\n  volumes:\n    - secret: { secretName: "{{ .Release.Name }}-db" }\n      name: {{ .Values.volume }}\n',
    );
    expect(text(first(pod, 'metadata', 'name'))).toBe('{{ .Release.Name }}');
    const [volume] = (first(pod, 'spec', 'volumes') as Extract<Value, { kind: 'list' }>).items;
    expect(volume && text(at(volume, 'secret', 'secretName'))).toBe('{{ .Release.Name }}-db');
    expect(volume && at(volume, 'name').kind).toBe('unknown');
  });

  it.each([
    { name: 'a default behind a value', line: 'password: {{ .Values.db.password | default "kestrel-1" | quote }}' },
    { name: 'a default before it', line: 'password: {{ default "kestrel-1" .Values.db.password }}' },
  ])('falls back to $name', ({ line }) => {
    expect(first(secret(line), 'stringData', 'password')).toMatchObject({
      kind: 'unknown',
      fallback: { text: 'kestrel-1', variables: [{ name: 'password' }] },
    });
  });

  it.each([
    { name: 'a condition', source: `{{- if .Values.on }}\n${head}{{- end }}\n` },
    {
      name: 'two of them, and a variable',
      source: `{{ if .Values.on }}\n{{- $a := .Values.a -}}\n{{- with .Values.b }}\n${head}{{ end }}\n{{- end }}\n`,
    },
    { name: 'a condition around documents', source: `{{- if .Values.on }}\n---\n${head}---\n${head}{{- end }}\n` },
    { name: 'comments', source: `{{/* ours\n  and theirs */}}\n# more\n${head}{{- /* end */ -}}\n` },
  ])('is read inside $name', ({ source }) => {
    const model = read(source);
    expect(model.notAnalysed).toEqual([]);
    expect(model.resources.length).toBeGreaterThan(0);
  });

  it.each([
    {
      name: 'a part that may be missing',
      source: `${head}data:\n  a: b\n  {{- if .Values.on }}\n  c: d\n  {{- end }}\n`,
    },
    { name: 'either of two', source: `{{- if .Values.on }}\n${head}{{- else }}\n${head}{{- end }}\n` },
    {
      name: 'lines that it inserts',
      source: `${head}  labels:\n    a: b\n    {{- include "labels" . | nindent 4 }}\n`,
    },
    { name: 'everything', source: '{{ include "common.deployment" . }}\n' },
    { name: 'what it is', source: head.replace('Secret', '{{ .Values.kind }}') },
    { name: 'its version', source: head.replace('v1', '{{ include "api" . }}') },
  ])('is said not to be read where the chart decides on $name', ({ source }) => {
    const { notAnalysed } = read(source);
    expect(notAnalysed).toHaveLength(1);
    expect(notAnalysed[0]?.because).toMatch(/helm template/);
  });

  it.each([
    ['{{ .Values.a }}', true],
    ['{{- include "a" . }}', true],
    ['{{ $.Release.Name }}', true],
    ['{{ if (eq .Chart.Name "a") }}', true],
    ['{{ with secret "db/creds" }}{{ .Data.password }}{{ end }}', false],
    ['{{ .password }}', false],
    ['{{ db_password }}', false],
    ['.Values.a', false],
    ['', false],
  ])('%s: %s', (source, is) => {
    expect(isHelmTemplate(source)).toBe(is);
  });

  it('keeps every line where it is', () => {
    const source = `{{/*\n*/}}\n${head}a: {{ .Values.a |\n  quote }}\n`;
    expect(maskTemplate(source)).toHaveLength(source.length);
    expect(
      maskTemplate(source)
        .split('\n')
        .map(({ length }) => length),
    ).toEqual(source.split('\n').map(({ length }) => length));
  });

  it('is read in time, whatever stands in it', () => {
    const started = performance.now();
    for (const text of ['{{ ', '{{ "', '{{ .Values.', '{{/* ', '{{- if .Values.a }}\n', '{']) {
      maskTemplate(text.repeat(5_000));
      isHelmTemplate(text.repeat(5_000));
    }
    isHelmTemplate(`{{ \n${'- src/* a\n'.repeat(50_000)}}}`);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('an action of another template', () => {
  it('is not known either where it stands without quotes', () => {
    const model = read(
      'apiVersion: v1\nkind: Secret\nmetadata: { name: a }\nstringData:\n  password: {{ db_password }}\n',
    );
    expect(first(model, 'stringData', 'password')).toMatchObject({ kind: 'unknown', place: { line: 5 } });
  });
});
