import { at, type Resource, type Value } from '@keyturn/resources';

/** What a pipeline starts beside a job and ends with it: a database for tests, most of the time. */
const pipelineScope = 'ci:pipeline:Scope';

const urlParts = /^[a-z][\w+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@(\[[^\]]*\]|[^\s/:?]+)/i;
const runner = /^(localhost|127(\.\d+){3}|\[::1\])$/i;
/** Words of texts that say themselves that nothing stands behind them. */
const standIn = /(^|[^a-z0-9])(test|testing|dummy|fake|mock|sample|example|placeholder)([^a-z0-9]|$)/i;

/** Words that say what is meant, and give nothing: `some-secret`, `SOME_LONG_SECRET_KEY`. */
const saysItsName =
  /^((a|an|the|my|your|our|this|is|some|any|very|super|long|random|sensitive|default|blank|secret|secrets|key|keys|password|passwd|pass|token|value|string|foobar|supersecret)([^a-z0-9]+|$))+$/i;

/**
 * Why a literal of a pipeline is no credential of anything that lasts; nothing where it may be one. A service of the job is started with it,
 * takes it from this variable or is what the URL names; the URL names the runner itself; or the text says that it is a stand-in.
 */
export function throwAwayBecause(resource: Resource, name: string, value: Value): string | undefined {
  if (resource.type !== pipelineScope) return undefined;
  const given = writtenIn(value);
  if (given === undefined) return undefined;
  const [, password = given, host] = urlParts.exec(given) ?? [];
  if (isOfService(resource, name, password, host)) return 'belongs to a service that ends with the job';
  if (host !== undefined && runner.test(host)) return 'is for what runs on the runner and ends with it';
  const words = password.replace(/([a-z0-9])([A-Z])/g, '$1 $2').trim();
  return standIn.test(words) || saysItsName.test(words) ? 'says that it is a stand-in' : undefined;
}

function isOfService(resource: Resource, name: string, password: string, host: string | undefined): boolean {
  const services = at(resource.properties, 'services');
  if (services.kind !== 'object') return false;
  if (host !== undefined && services.fields.has(host)) return true;
  const reads = new RegExp(String.raw`\$\{\{\s*env\.${name.replace(/\W/g, '\\$&')}\s*\}\}`);
  return [...services.fields.values()].some((service) => {
    const env = at(service, 'env');
    if (env.kind !== 'object') return false;
    return [...env.fields.values()].some((entry) => {
      const written = String(entry.kind === 'known' ? entry.value : '');
      return written === password || reads.test(written);
    });
  });
}

/** Whether a statement is run by a job that has services of its own, which is where its database is. */
export function runsBesideServices(resource: Resource): boolean {
  const beside = at(resource.properties, 'besideServices');
  return resource.type.startsWith('shell:script:') && beside.kind === 'known' && beside.value === true;
}

function writtenIn(value: Value): string | undefined {
  if (value.kind === 'unknown') return value.fallback?.text;
  return value.kind === 'known' ? String(value.value) : undefined;
}
