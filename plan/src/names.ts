/** Tag and annotation names through which components and policies meet. */
export const tags = {
  plan: 'keyturn:plan',
  strategy: 'keyturn:strategy',
  generation: 'keyturn:generation',
  pair: 'keyturn:pair',
  version: 'keyturn:version',
  previousVersion: 'keyturn:previous-version',
  /** On a listener rule: the version that was tried with part of the traffic and was bad. It is not tried again while this stands there. */
  abortedVersion: 'keyturn:aborted-version',
} as const;

export const annotations = {
  plan: 'keyturn.dev/plan',
  strategy: 'keyturn.dev/strategy',
  generation: 'keyturn.dev/generation',
  pair: 'keyturn.dev/pair',
  /** Digest of the scripts that a pod's hooks run: new scripts need new pods. */
  hooks: 'keyturn.dev/hooks',
  version: 'keyturn.dev/version',
  previousVersion: 'keyturn.dev/previous-version',
  /** On an HTTPRoute: the version that was tried with part of the traffic and was bad. It is not tried again while this stands there. */
  abortedVersion: 'keyturn.dev/aborted-version',
  /** On what writes a Secret: how long the superseded credential works, such as `4h`. For what no program shows. */
  overlap: 'keyturn.dev/overlap',
  /** On a workload: the longest time that its pool keeps a connection, such as `30m`. */
  poolLifetime: 'keyturn.dev/pool-lifetime',
} as const;

/** Resource type tokens of Pulumi providers, as the engine and the recorder spell them. */
export const typeTokens = {
  awsSecret: 'aws:secretsmanager/secret:Secret',
  awsSecretVersion: 'aws:secretsmanager/secretVersion:SecretVersion',
  awsSecretRotation: 'aws:secretsmanager/secretRotation:SecretRotation',
  awsRdsInstance: 'aws:rds/instance:Instance',
  awsRdsCluster: 'aws:rds/cluster:Cluster',
  awsEcsService: 'aws:ecs/service:Service',
  awsEcsTaskDefinition: 'aws:ecs/taskDefinition:TaskDefinition',
  awsLambdaFunction: 'aws:lambda/function:Function',
  postgresRole: 'postgresql:index/role:Role',
  postgresSchema: 'postgresql:index/schema:Schema',
  postgresDefaultPrivileges: 'postgresql:index/defaultPrivileges:DefaultPrivileges',
  postgresGrant: 'postgresql:index/grant:Grant',
  kubernetesSecret: 'kubernetes:core/v1:Secret',
  kubernetesDeployment: 'kubernetes:apps/v1:Deployment',
  kubernetesStatefulSet: 'kubernetes:apps/v1:StatefulSet',
  kubernetesDaemonSet: 'kubernetes:apps/v1:DaemonSet',
  kubernetesPod: 'kubernetes:core/v1:Pod',
  kubernetesJob: 'kubernetes:batch/v1:Job',
  kubernetesCronJob: 'kubernetes:batch/v1:CronJob',
} as const;

/** Types of our own components, which policies see as parents. */
export const componentTypes = {
  postgresDualUserDatabaseRole: 'keyturn:postgres:DualUserDatabaseRole',
  mysqlDualUserDatabaseRole: 'keyturn:mysql:DualUserDatabaseRole',
  vaultDynamicDatabase: 'keyturn:vault:VaultDynamicDatabase',
  vaultStaticRolePair: 'keyturn:vault:VaultStaticRolePair',
  awsBlueGreenTargetGroups: 'keyturn:aws:BlueGreenTargetGroups',
  awsRotatingDatabaseSecret: 'keyturn:aws:RotatingDatabaseSecret',
  azureKeyVaultRotation: 'keyturn:azure:AzureKeyVaultRotation',
  kubernetesSyncedSecret: 'keyturn:kubernetes:SyncedSecret',
  kubernetesVersionedSecret: 'keyturn:kubernetes:VersionedSecret',
  kubernetesRefreshableWorkload: 'keyturn:kubernetes:RefreshableWorkload',
  kubernetesRotationJob: 'keyturn:kubernetes:RotationJob',
  kubernetesConfigTemplate: 'keyturn:kubernetes:ConfigTemplate',
  kubernetesBlueGreenFleets: 'keyturn:kubernetes:BlueGreenFleets',
  kubernetesBlueGreenRotation: 'keyturn:kubernetes:BlueGreenRotation',
} as const;
