import type { Resource } from '@keyturn/resources';
import { isOfType } from './policy.js';

/** Where a type takes credentials: by the provider's schema, not by the name of the property. `*` is every item or field. */
interface SensitiveInputs {
  readonly types: readonly string[];
  readonly paths: readonly string[];
}

const table: readonly SensitiveInputs[] = [
  // AWS
  {
    types: ['aws:rds/instance:Instance', 'aws:rds/cluster:Cluster'],
    paths: ['password', 'passwordWo', 'masterPassword', 'masterPasswordWo'],
  },
  { types: ['aws:docdb/cluster:Cluster'], paths: ['masterPassword', 'masterPasswordWo'] },
  { types: ['aws:redshift/cluster:Cluster'], paths: ['masterPassword', 'masterPasswordWo'] },
  { types: ['aws:redshiftserverless/namespace:Namespace'], paths: ['adminUserPassword', 'adminUserPasswordWo'] },
  {
    types: ['aws:secretsmanager/secretVersion:SecretVersion'],
    paths: ['secretString', 'secretStringWo', 'secretBinary'],
  },
  { types: ['aws:elasticache/replicationGroup:ReplicationGroup'], paths: ['authToken'] },
  { types: ['aws:elasticache/user:User'], paths: ['passwords.*', 'authenticationMode.passwords.*'] },
  { types: ['aws:memorydb/user:User'], paths: ['authenticationMode.passwords.*'] },
  { types: ['aws:lightsail/database:Database'], paths: ['masterPassword'] },
  { types: ['aws:mq/broker:Broker'], paths: ['users.*.password'] },
  { types: ['aws:directoryservice/directory:Directory'], paths: ['password'] },
  {
    types: ['aws:dms/endpoint:Endpoint'],
    paths: ['password', 'mongodbSettings.password', 'redisSettings.authPassword'],
  },
  { types: ['aws:fsx/windowsFileSystem:WindowsFileSystem'], paths: ['selfManagedActiveDirectory.password'] },
  { types: ['aws:opensearch/domain:Domain'], paths: ['advancedSecurityOptions.masterUserOptions.masterUserPassword'] },
  {
    types: ['aws:elasticsearch/domain:Domain'],
    paths: ['advancedSecurityOptions.masterUserOptions.masterUserPassword'],
  },
  { types: ['aws-native:rds:DBInstance', 'aws-native:rds:DBCluster'], paths: ['masterUserPassword'] },
  { types: ['aws-native:secretsmanager:Secret'], paths: ['secretString'] },
  { types: ['pulumi:providers:aws'], paths: ['secretKey', 'token'] },
  // PostgreSQL and MySQL
  { types: ['postgresql:index/role:Role'], paths: ['password', 'passwordWo'] },
  { types: ['postgresql:index/userMapping:UserMapping'], paths: ['options.password'] },
  { types: ['pulumi:providers:postgresql', 'pulumi:providers:mysql'], paths: ['password'] },
  { types: ['mysql:index/user:User'], paths: ['password', 'plaintextPassword', 'authStringHashed'] },
  { types: ['mysql:index/userPassword:UserPassword'], paths: ['plaintextPassword'] },
  // Vault
  { types: ['vault:database/secretBackendConnection:SecretBackendConnection'], paths: ['*.password', '*.passwordWo'] },
  { types: ['vault:database/secretsMount:SecretsMount'], paths: ['*.*.password', '*.*.passwordWo'] },
  {
    types: ['vault:database/secretBackendStaticRole:SecretBackendStaticRole'],
    paths: ['selfManagedPassword', 'passwordWo'],
  },
  { types: ['vault:aws/secretBackend:SecretBackend'], paths: ['secretKey', 'secretKeyWo'] },
  { types: ['vault:azure/backend:Backend'], paths: ['clientSecret', 'clientSecretWo'] },
  { types: ['vault:rabbitMq/secretBackend:SecretBackend'], paths: ['password', 'passwordWo'] },
  {
    types: ['vault:ldap/secretBackend:SecretBackend', 'vault:ldap/authBackend:AuthBackend'],
    paths: ['bindpass', 'bindpassWo'],
  },
  { types: ['vault:ad/secretBackend:SecretBackend'], paths: ['bindpass'] },
  {
    types: ['vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId'],
    paths: ['secretId'],
  },
  {
    types: ['vault:kv/secretV2:SecretV2', 'vault:kv/secret:Secret', 'vault:generic/secret:Secret'],
    paths: ['dataJson', 'dataJsonWo'],
  },
  { types: ['pulumi:providers:vault'], paths: ['token'] },
  // Azure
  { types: ['azure-native:sql:Server', 'azure-native:sql*:Server'], paths: ['administratorLoginPassword'] },
  {
    types: [
      'azure-native:dbforpostgresql*:Server',
      'azure-native:dbformysql*:Server',
      'azure-native:dbformariadb*:Server',
    ],
    paths: ['administratorLoginPassword', 'properties.administratorLoginPassword'],
  },
  { types: ['azure-native:synapse*:Workspace'], paths: ['sqlAdministratorLoginPassword'] },
  { types: ['azure-native:compute*:VirtualMachine'], paths: ['osProfile.adminPassword'] },
  { types: ['azure-native:compute*:VirtualMachineScaleSet'], paths: ['virtualMachineProfile.osProfile.adminPassword'] },
  { types: ['azure-native:keyvault*:Secret'], paths: ['properties.value'] },
  { types: ['azure:keyvault/secret:Secret'], paths: ['value', 'valueWo'] },
  {
    types: ['azure:mssql/server:Server', 'azure:sql/sqlServer:SqlServer'],
    paths: ['administratorLoginPassword', 'administratorLoginPasswordWo'],
  },
  {
    types: ['azure:postgresql/server:Server', 'azure:mysql/server:Server', 'azure:mariadb/server:Server'],
    paths: ['administratorLoginPassword'],
  },
  {
    types: ['azure:postgresql/flexibleServer:FlexibleServer', 'azure:mysql/flexibleServer:FlexibleServer'],
    paths: ['administratorPassword', 'administratorPasswordWo'],
  },
  {
    types: [
      'azure:compute/linuxVirtualMachine:LinuxVirtualMachine',
      'azure:compute/windowsVirtualMachine:WindowsVirtualMachine',
    ],
    paths: ['adminPassword'],
  },
  {
    types: [
      'azuread:index/servicePrincipalPassword:ServicePrincipalPassword',
      'azuread:index/applicationPassword:ApplicationPassword',
    ],
    paths: ['value'],
  },
  { types: ['azuread:index/user:User'], paths: ['password'] },
  {
    types: ['pulumi:providers:azure', 'pulumi:providers:azure-native', 'pulumi:providers:azuread'],
    paths: ['clientSecret'],
  },
  // Google Cloud
  { types: ['gcp:sql/user:User'], paths: ['password', 'passwordWo'] },
  { types: ['gcp:sql/databaseInstance:DatabaseInstance'], paths: ['rootPassword', 'rootPasswordWo'] },
  { types: ['gcp:secretmanager/secretVersion:SecretVersion'], paths: ['secretData', 'secretDataWo'] },
  { types: ['gcp:alloydb/cluster:Cluster'], paths: ['initialUser.password'] },
  // Others
  { types: ['shell:script:Statement', 'shell:script:NewUser'], paths: ['password'] },
  { types: ['digitalocean:index/databaseUser:DatabaseUser'], paths: ['password'] },
  {
    types: ['docker:index/registry:Registry', 'pulumi:providers:docker'],
    paths: ['password', 'registryAuth.*.password'],
  },
];

const bySpelling = new Map<string, readonly (readonly string[])[]>();

/** The paths of the credentials that a resource of this type takes, split at the dots. */
export function sensitivePathsOf({ type }: Pick<Resource, 'type'>): readonly (readonly string[])[] {
  let paths = bySpelling.get(type);
  if (!paths) {
    paths = table
      .filter(({ types }) => isOfType(type, types))
      .flatMap((entry) => entry.paths.map((path) => path.split('.')));
    bySpelling.set(type, paths);
  }
  return paths;
}

/** Every type of the table. */
export const typesWithSensitiveInputs: readonly string[] = [
  ...new Set(table.filter(({ paths }) => paths.length > 0).flatMap(({ types }) => types)),
];
