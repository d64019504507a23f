import { describe, expect, it } from 'vitest';
import { at, text } from '../value.js';
import { textReaderOf } from './reader-of.js';
import { readShell } from './shell.js';

function statements(source: string) {
  return readShell(source, { file: 'rotate.sh' }).resources.map(({ properties, place }) => {
    const password = at(properties, 'password');
    const from =
      password.kind === 'unknown' && password.provenance.kind === 'environment' ? password.provenance : undefined;
    return [place?.line, text(at(properties, 'does')), text(at(properties, 'user')), from?.name ?? text(password)];
  });
}

describe('readShell', () => {
  it.each([
    {
      name: 'psql -c',
      source: `psql -c "ALTER USER app WITH PASSWORD '$NEW'"`,
      is: [1, 'ALTER USER … PASSWORD', 'app', 'NEW'],
    },
    {
      name: 'a here document',
      source: `psql <<SQL\nALTER ROLE "app"\n  LOGIN PASSWORD 'x1';\nSQL`,
      is: [2, 'ALTER USER … PASSWORD', 'app', 'x1'],
    },
    {
      name: 'MySQL',
      source: `mysql -e "ALTER USER 'app'@'%' IDENTIFIED BY '$NEW';"`,
      is: [1, 'ALTER USER … IDENTIFIED', 'app', 'NEW'],
    },
    { name: 'SET PASSWORD', source: `SET PASSWORD FOR 'app'@'%' = 'x1';`, is: [1, 'SET PASSWORD', 'app', 'x1'] },
    {
      name: 'sed into a file',
      source: 'sed -i "s/^DB_PASSWORD=.*/DB_PASSWORD=$NEW/" .env',
      is: [1, '`sed -i` of a password into a file', undefined, undefined],
    },
    {
      name: 'sed of what another variable holds',
      source: 'sed -ri "s|password=$OLD|password=$NEW|" app.conf',
      is: [1, '`sed -i` of a password into a file', undefined, undefined],
    },
    {
      name: 'sed of a password that is written out into another',
      source: "sed -i.bak -e 's/port=1/port=2/' -e 's/password=one/password=two/' app.conf",
      is: [1, '`sed -i` of a password into a file', undefined, undefined],
    },
    {
      name: 'kubectl, over lines that a backslash joins',
      source:
        'kubectl create secret generic db \\\n  --from-literal=password=$NEW --dry-run=client -o yaml \\\n  | kubectl apply -f -',
      is: [1, '`kubectl create secret` over the Secret that is there', undefined, 'NEW'],
    },
    {
      name: 'kubectl patch',
      source: `kubectl -n shop patch secret db -p '{"stringData":{"password":"x"}}'`,
      is: [1, '`kubectl patch secret` of a password', undefined, undefined],
    },
  ])('finds $name', ({ source, is }) => {
    expect(statements(source)).toEqual([is]);
  });

  it.each([
    '# ALTER USER app PASSWORD $NEW',
    `ALTER ROLE app PASSWORD NULL;`,
    `ALTER USER app RENAME TO b;`,
    `ALTER USER 'app'@'%' IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD;`,
    `ALTER USER app PASSWORD EXPIRE;`,
    'sed -i "s/LOG_LEVEL=.*/LOG_LEVEL=debug/" .env',
    'sed -i "s/{{DB_PASSWORD}}/$DB_PASSWORD/" app.conf',
    'sed -i "s|__PASSWORD__|${DB_PASSWORD}|g" app.conf',
    'sed -i "s/\\${DB_PASSWORD}/$DB_PASSWORD/" app.conf',
    `sed -i 's/\${DB_PASSWORD}/'"$DB_PASSWORD"'/' app.conf`,
    'sed -i -e "s|^auth=app:changethis|auth=${APP_USER}:${APP_PASSWORD}|" app.cnf',
    "sed -i 's/PasswordAuthentication yes/PasswordAuthentication no/' /etc/ssh/sshd_config",
    "sed -i 's/^#*PasswordAuthentication .*/PasswordAuthentication no/' /etc/ssh/sshd_config",
    "sed -i 's/password_required=.*/password_required=true/' app.conf",
    'sed -i "s/secretName: .*/secretName: $NAME/" deployment.yaml',
    'sed -i "/APP_SECRET:$/s/APP_SECRET:.*/APP_SECRET: $NEW/" compose.yml',
    'sed -i "s/^#password_encryption = md5/password_encryption = scram-sha-256/" postgresql.conf',
    "sed -i 's|/etc/app/secrets/passwordFile|/var/lib/app/passwordFile|g' config.yml",
    "sed -ri 's/ -Dpassword=[^ ]*//' jvm.options",
    'sed "s/^DB_PASSWORD=.*/DB_PASSWORD=$NEW/" .env | grep -i password',
    'sed "s/^DB_PASSWORD=.*/DB_PASSWORD=$NEW/" .env.example',
    'kubectl create secret generic db --from-literal=password=$NEW',
    'kubectl create secret docker-registry pull --docker-username=x',
    'kubectl patch secret db -p "$LABELS"',
  ])('leaves %s alone', (source) => {
    expect(statements(source)).toEqual([]);
  });

  it('tells a user that the script makes from one that is there', () => {
    const [first, second] = readShell(
      `CREATE USER app;\nALTER USER app PASSWORD 'x';\nALTER USER app_b PASSWORD 'y';`,
      {
        file: 'init.sql',
      },
    ).resources;
    expect(first && at(first.properties, 'creates')).toMatchObject({ value: true });
    expect(second && at(second.properties, 'creates')).toMatchObject({ value: false });
  });

  it('marks the password as a secret', () => {
    const [statement] = readShell(`ALTER USER app PASSWORD 'x1'`, { file: 'a.sql' }).resources;
    expect(statement && at(statement.properties, 'password')).toMatchObject({ secret: true });
    expect(statement?.name).not.toContain('x1');
  });

  it('is not slow on long lines', () => {
    const started = performance.now();
    statements(`ALTER USER ${'a'.repeat(50_000)} ${'with '.repeat(5_000)}`);
    statements(`sed -i ${'s/password/'.repeat(5_000)}`);
    statements(`kubectl create secret ${'--from-literal=password=x '.repeat(2_000)}`);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe('textReaderOf', () => {
  it.each([
    ['docker-compose.yml', 'readCompose'],
    ['deploy/compose.prod.yaml', 'readCompose'],
    ['.github/workflows/ci.yml', 'readWorkflow'],
    ['.gitlab-ci.yml', 'readWorkflow'],
    ['.env', 'readEnvFile'],
    ['app/.env.production', 'readEnvFile'],
    ['prod.env.example', 'readEnvFile'],
    ['bin/rotate.sh', 'readShell'],
    ['init.sql', 'readShell'],
    ['deployment.yaml', undefined],
    ['environment.ts', undefined],
  ])('%s: %s', (file, reader) => {
    expect(textReaderOf(file)?.name).toBe(reader);
  });
});
