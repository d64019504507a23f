import type * as sarif from 'sarif';

import { defaultLevel, hasPage, pageOf, type Level, type RuleFacts, type Severity } from '../facts.js';
import { inOrder, type Finding, type FindingPlace, type Report, type Suppressed } from '../finding.js';
import type { FormatContext } from './context.js';
import { networkLine } from './counts.js';
import { isAbsolute, placeIn } from './repository-path.js';

/** What GitHub sorts by; the limits of its own words are 9.0, 7.0 and 4.0. */
const securitySeverity: Record<Severity, string> = { critical: '9.5', high: '8.0', medium: '5.5', low: '3.0' };
const sarifLevel: Record<Level, sarif.Result.level> = { block: 'error', warn: 'warning', off: 'none' };

/** GitHub refuses a run with more results, and says nothing about which. */
const mostResults = 25_000;
/** GitHub shows ten tags of a rule. */
const mostTags = 10;

/** SARIF 2.1.0. Every result has a physical location with a path relative to the root of the repository (`SRCROOT`). */
export function formatSarif(report: Report, context: FormatContext): string {
  const rules = rulesOf(report, context);
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  const result = (finding: Finding, suppressed?: Suppressed) => resultOf(finding, indexes, context, suppressed);
  const open = inOrder(report.findings).map((finding) => result(finding));
  const covered = (report.suppressed ?? []).map((suppressed) => result(suppressed.finding, suppressed));
  const results = [...open, ...covered];

  const log: sarif.Log = {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: 'keyturn',
            version: context.version,
            semanticVersion: context.version,
            informationUri: 'https://github.com/keyturn/keyturn',
            rules: rules.map(ruleOf),
          },
        },
        automationDetails: { id: 'keyturn/check/' },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { description: { text: 'The root of the repository.' } } },
        invocations: [invocationOf(report, results.length, context)],
        results: results.slice(0, mostResults),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** Rules with facts, then those that reported without being listed, so that `ruleIndex` always points at something. */
function rulesOf(report: Report, { rules }: FormatContext): Pick<RuleFacts, 'id'>[] {
  const listed = new Set(rules.map(({ id }) => id));
  const reported = [...report.findings, ...(report.suppressed ?? []).map(({ finding }) => finding)].map(
    ({ rule }) => rule,
  );
  const unlisted = [...new Set(reported)].filter((id) => !listed.has(id)).sort();
  return [...rules, ...unlisted.map((id) => ({ id }))];
}

function ruleOf(rule: Pick<RuleFacts, 'id'> & Partial<RuleFacts>): sarif.ReportingDescriptor {
  const { id, summary, breaks, fix, severity, deprecatedIds = [], controls = [], equivalents = [] } = rule;
  if (summary === undefined || breaks === undefined || fix === undefined || severity === undefined) {
    return hasPage(id) ? { id, helpUri: pageOf(id) } : { id };
  }
  return {
    id,
    shortDescription: { text: summary },
    fullDescription: { text: breaks },
    help: { text: fix, markdown: `${breaks}\n\n**Fix:** ${fix}\n\n[${id}](${pageOf(id)})` },
    helpUri: pageOf(id),
    defaultConfiguration: { level: sarifLevel[defaultLevel(severity, 'strict')] },
    ...(deprecatedIds.length === 0 ? {} : { deprecatedIds: [...deprecatedIds] }),
    properties: {
      'security-severity': securitySeverity[severity],
      tags: ['security', 'credential-rotation', ...controls, ...equivalents].slice(0, mostTags),
    },
  };
}

function resultOf(
  finding: Finding,
  indexes: ReadonlyMap<string, number>,
  context: FormatContext,
  suppressed: Suppressed | undefined,
): sarif.Result {
  const { rule, level, message, place, related = [], urn, fingerprint } = finding;
  return {
    ruleId: rule,
    ruleIndex: indexes.get(rule) ?? -1,
    level: sarifLevel[level],
    message: { text: message },
    locations: [
      {
        ...locationOf(place, context),
        ...(urn === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: urn, kind: 'resource' }] }),
      },
    ],
    partialFingerprints: { 'keyturn/v1': fingerprint },
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map((link, index) => ({
            id: index + 1,
            ...locationOf(link.place, context),
            message: { text: link.message },
          })),
        }),
    suppressions: suppressed === undefined ? [] : [suppressionOf(suppressed)],
  };
}

function suppressionOf({ by, reason, until }: Suppressed): sarif.Suppression {
  return {
    kind: by === 'comment' ? 'inSource' : 'external',
    status: 'accepted',
    justification: until === undefined ? reason : `${reason} (until ${until})`,
  };
}

function locationOf(place: FindingPlace, { prefix = '' }: FormatContext): sarif.Location {
  const { line, column, endLine, endColumn } = place;
  return {
    physicalLocation: {
      artifactLocation: artifactOf(place.file, prefix),
      region: {
        startLine: line,
        ...(column === undefined ? {} : { startColumn: column }),
        ...(endLine === undefined ? {} : { endLine }),
        ...(endColumn === undefined ? {} : { endColumn }),
      },
    },
  };
}

function artifactOf(file: string, prefix: string): sarif.ArtifactLocation {
  const path = placeIn(file, prefix);
  const uri = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(encodeURIComponent)
    .join('/');
  // Outside the repository there is no base to be relative to.
  return isAbsolute(path) ? { uri: `file:///${uri}` } : { uri, uriBaseId: 'SRCROOT' };
}

function invocationOf(report: Report, results: number, context: FormatContext): sarif.Invocation {
  const notes: sarif.Notification[] = [
    ...report.notAnalysed.map(({ what, because, place, extent }) => ({
      level: extent === 'whole' ? ('error' as const) : ('warning' as const),
      message: { text: `Not analysed: ${what}: ${because}` },
      ...(place === undefined ? {} : { locations: [locationOf(place, context)] }),
    })),
    ...report.undecided.map(({ rule, because, place }) => ({
      level: 'note' as const,
      message: { text: `Not decided: ${rule}: ${because}` },
      ...(place === undefined ? {} : { locations: [locationOf(place, context)] }),
    })),
  ];
  if (report.network !== undefined) notes.push({ level: 'note', message: { text: networkLine(report) } });
  if (results > mostResults) {
    notes.push({
      level: 'error',
      message: { text: `${results - mostResults} results are left out, because a run may hold ${mostResults}.` },
    });
  }
  return {
    executionSuccessful: !report.notAnalysed.some(({ extent }) => extent === 'whole'),
    ...(notes.length === 0 ? {} : { toolExecutionNotifications: notes }),
  };
}
