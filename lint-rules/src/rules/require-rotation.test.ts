import { table } from '../table.testing.js';
import rule from './require-rotation.js';

const aws = "import * as aws from '@pulumi/aws';\n";
const secret = `${aws}const secret = new aws.secretsmanager.Secret('db', { description: 'db' });\n`;

table(rule, {
  fine: [
    {
      name: 'a rotation of it',
      code: `${secret}new aws.secretsmanager.SecretRotation('db', { secretId: secret.id, rotationLambdaArn: f.arn, rotationRules: { automaticallyAfterDays: 30 } });`,
    },
    {
      name: 'a rotation of what is not seen',
      code: `${secret}for (const id of ids) new aws.secretsmanager.SecretRotation('db', { secretId: id, rotationLambdaArn: f.arn });`,
    },
    { name: 'a secret for other modules', code: `${aws}export const secret = new aws.secretsmanager.Secret('db');` },
    { name: 'a secret that a component is given', code: `${secret}new Rotated('db', { secret });` },
    { name: 'a secret that a function is given', code: `${secret}rotate(secret.arn);` },
    {
      name: 'a secret that a service makes',
      code: `${aws}new aws.secretsmanager.Secret('db', { name: 'rds!cluster' });`,
    },
    {
      name: 'a secret of keyturn',
      code: `${aws}new aws.secretsmanager.Secret('db', { tags: { 'keyturn:plan': plan } });`,
    },
    { name: 'arguments from elsewhere', code: `${aws}new aws.secretsmanager.Secret('db', args);` },
    {
      name: 'a secret of a class',
      code: `${aws}class A { constructor() { this.secret = new aws.secretsmanager.Secret('db'); } }`,
    },
    {
      name: 'a Secret of Kubernetes',
      code: "import * as k8s from '@pulumi/kubernetes';\nnew k8s.core.v1.Secret('db');",
    },
    { name: 'a test', code: `${secret}`, filename: 'index.test.ts' },
  ],
  wrong: [
    { name: 'no rotation', code: secret, says: [['notRotated', {}, 2]] },
    {
      name: 'a version, and no rotation',
      code: `${secret}new aws.secretsmanager.SecretVersion('db', { secretId: secret.id, secretString });\nexport const arn = secret.arn;`,
      says: [['notRotated', {}, 2]],
    },
    {
      name: 'a rotation of another secret',
      code: `${secret}const other = new aws.secretsmanager.Secret('other');\nnew aws.secretsmanager.SecretRotation('other', { secretId: other.id, rotationLambdaArn: f.arn });`,
      says: [['notRotated', {}, 2]],
    },
    {
      name: 'imported by name',
      code: "import { Secret } from '@pulumi/aws/secretsmanager';\nnew Secret('db');",
      says: [['notRotated']],
    },
  ],
});
