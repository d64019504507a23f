import { readFileSync } from 'node:fs';
import path from 'node:path';

import { readDirectives, type ConfiguredException, type Directive } from '@keyturn/findings/exceptions';
import { acceptedIn } from '@keyturn/policies';
import type { Resource } from '@keyturn/resources';
import picomatch from 'picomatch';

import type { LoadedConfig } from '../config/config.js';

/** Comments that cover findings, in the files that were read. */
export function directivesIn(files: ReadonlySet<string>, cwd: string): Directive[] {
  return [...files].sort().flatMap((file) => {
    try {
      return readDirectives(file, readFileSync(path.resolve(cwd, file), 'utf8'));
    } catch {
      // It was there a moment ago; what was found in it stays uncovered.
      return [];
    }
  });
}

/** The exceptions of the configuration. Their globs start at its folder. */
export function configuredExceptions(
  loaded: LoadedConfig | undefined,
  shown: (file: string) => string,
  cwd: string,
): ConfiguredException[] {
  if (!loaded) return [];
  const root = path.dirname(loaded.file);
  return (loaded.config.exceptions ?? []).map(({ rule, reason, until, path: glob, urn }, index) => {
    const isPath = glob === undefined ? () => true : picomatch(glob, { dot: true });
    const isUrn = urn === undefined ? () => true : picomatch(urn.replaceAll('/', '\u0001'), { dot: true });
    return {
      rule,
      reason,
      ...(until === undefined ? {} : { until }),
      place: { file: shown(loaded.file), line: loaded.lineOfException(index) },
      subject: JSON.stringify([glob, urn]),
      covers: (finding) =>
        isPath(path.relative(root, path.resolve(cwd, finding.place.file)).split(path.sep).join('/')) &&
        // Types in a URN hold slashes; a star shall match across them.
        (urn === undefined || (finding.urn !== undefined && isUrn(finding.urn.replaceAll('/', '\u0001')))),
    };
  });
}

/** What programs accept at a resource of theirs, by `accept` of `@keyturn/policies`. One of a rule that does not exist is not honoured. */
export function exceptionsInCode(
  resources: readonly Resource[],
  knows: (rule: string) => true | string,
): { readonly configured: readonly ConfiguredException[]; readonly malformed: readonly Directive[] } {
  const configured: ConfiguredException[] = [];
  const malformed: Directive[] = [];
  for (const { urn, ignoreChanges, place = { file: 'Pulumi.yaml', line: 1 } } of resources) {
    for (const { rule, reason, until } of acceptedIn(ignoreChanges)) {
      const known = knows(rule);
      if (known !== true) malformed.push({ place, target: place.line, rules: [rule], reason, problem: known });
      else {
        configured.push({
          rule,
          reason,
          ...(until === undefined ? {} : { until }),
          by: 'comment',
          place,
          subject: urn,
          covers: (finding) => finding.urn === urn,
        });
      }
    }
  }
  return { configured, malformed };
}
