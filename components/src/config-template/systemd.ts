import { envTemplate, parseTemplate, TemplateError } from './template.js';

export interface SystemdTemplate {
  /** Required. Names units and folders: letters, digits and dashes. */
  readonly name: string;
  /** Required. With `${DB_USER}`, `${DB_PASSWORD}` and, if you like, `${DB_GENERATION}`. */
  readonly template: string;
  /** Optional. Filled in at once, for other variables of the template. Default: they stay as they are. */
  readonly values?: Readonly<Record<string, string>>;
  /** Required. The file that the rotation writes, `DB_USER=…` and so on: the env-file store of keyturn, or a Vault Agent. */
  readonly credentialFile: string;
  /** Required. Name of the rendered file, below `/run/<name>`. */
  readonly file: string;
  /** Required. Unit of the application, such as `shop.service`. */
  readonly unit: string;
  /** Required. The group that may read the rendered file. */
  readonly group: string;
  /**
   * Required. `restart`: the application reads `$CREDENTIALS_DIRECTORY/<file>` (`LoadCredential`). `signal`: it reads `/run/<name>/<file>` and reads it again
   * when told (`systemctl reload`). `watch`: it looks at the file itself.
   */
  readonly reload: 'restart' | 'signal' | 'watch';
}

/** A file to put on the machine, with cloud-init or whatever writes files there. None holds a credential. */
export interface MachineFile {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
}

/** Renders with what every machine has. Kept to awk, because sed would read parts of a password as its own. */
const render = (source: string, file: string): string => `#!/bin/sh
set -eu
umask 027
credential=$CREDENTIALS_DIRECTORY/credential
field() { sed -n "s/^$1=//p" "$credential"; }
DB_USER=$(field DB_USER)
DB_PASSWORD=$(field DB_PASSWORD)
DB_GENERATION=$(field DB_GENERATION)
if [ -z "$DB_USER" ] || [ -z "$DB_PASSWORD" ]; then
  echo "the credential has no DB_USER or no DB_PASSWORD; what was rendered before stays" >&2
  exit 1
fi
export DB_USER DB_PASSWORD DB_GENERATION
new=$RUNTIME_DIRECTORY/.${file}.new
awk '{
  rest = $0; line = ""
  while (match(rest, /[$]([{][A-Za-z_][A-Za-z0-9_]*[}]|[A-Za-z_][A-Za-z0-9_]*)/)) {
    found = substr(rest, RSTART, RLENGTH); name = found; gsub(/[$@{}]/, "", name)
    known = name == "DB_USER" || name == "DB_PASSWORD" || name == "DB_GENERATION"
    line = line substr(rest, 1, RSTART - 1) (known ? ENVIRON[name] : found)
    rest = substr(rest, RSTART + RLENGTH)
  }
  print line rest
}' '${source}' >"$new"
mv -f "$new" "$RUNTIME_DIRECTORY/${file}"
`;

/**
 * The units that render a template whenever the credential file changes, and tell the application.
 *
 * @throws TemplateError when the template lacks user or password, or a name does not fit a unit.
 */
export function systemdFiles(options: SystemdTemplate): readonly MachineFile[] {
  const { name, template, values, credentialFile, file, unit, group, reload } = options;
  for (const [what, text, rule] of [
    ['name', name, /^[A-Za-z0-9-]+$/],
    ['file', file, /^[A-Za-z0-9._-]+$/],
    ['unit', unit, /^[A-Za-z0-9@:._-]+\.service$/],
    ['group', group, /^[a-z_][a-z0-9_-]*$/],
    ['credentialFile', credentialFile, /^\/[A-Za-z0-9/._-]+$/],
  ] as const) {
    if (!rule.test(text)) throw new TemplateError(`\`${what}\` has to match ${rule.source}, got "${text}".`);
  }
  const source = `/etc/keyturn/${name}.template`;
  const script = `/usr/local/lib/keyturn/${name}-render`;
  const telling = { restart: 'try-restart', signal: 'try-reload-or-restart' } as const;
  const tell = reload === 'watch' ? [] : [`ExecStartPost=+/bin/systemctl --no-block ${telling[reload]} ${unit}`];
  const units = '/etc/systemd/system';
  return [
    { path: source, mode: '0644', content: envTemplate(parseTemplate(template, values)) },
    { path: script, mode: '0755', content: render(source, file) },
    {
      path: `${units}/${name}-render.service`,
      mode: '0644',
      content: lines(
        '[Unit]',
        `Description=Renders ${file} from the current credential`,
        `ConditionPathExists=${credentialFile}`,
        '',
        '[Service]',
        'Type=oneshot',
        `Group=${group}`,
        `LoadCredential=credential:${credentialFile}`,
        `RuntimeDirectory=${name}`,
        'RuntimeDirectoryMode=0750',
        'RuntimeDirectoryPreserve=yes',
        `ExecStart=${script}`,
        ...tell,
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'ProtectHome=yes',
        'PrivateTmp=yes',
        'PrivateNetwork=yes',
      ),
    },
    {
      path: `${units}/${name}-render.path`,
      mode: '0644',
      content: lines(
        '[Unit]',
        `Description=Watches the credential behind ${file}`,
        '',
        '[Path]',
        `PathChanged=${credentialFile}`,
        '',
        '[Install]',
        'WantedBy=multi-user.target',
      ),
    },
    {
      path: `${units}/${unit}.d/keyturn.conf`,
      mode: '0644',
      content: lines(
        '[Unit]',
        `Wants=${name}-render.path ${name}-render.service`,
        `After=${name}-render.service`,
        ...(reload === 'restart' ? ['', '[Service]', `LoadCredential=${file}:/run/${name}/${file}`] : []),
      ),
    },
  ];
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
