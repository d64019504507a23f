import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';

const config = new pulumi.Config();
const password = new random.RandomPassword('password', { length: config.requireNumber('length') });
const secret = new aws.secretsmanager.Secret('shop', { name: `${config.require('team')}/shop` });
new aws.secretsmanager.SecretVersion('shop', { secretId: secret.id, secretString: password.result });
for (const name of ['orders', 'billing']) {
  new aws.rds.Instance(name, {
    instanceClass: 'db.t4g.micro',
    username: 'shop',
    password: config.requireSecret('databasePassword'),
  });
}
export const arn = secret.arn;
