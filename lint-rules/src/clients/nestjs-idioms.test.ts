import { idioms } from '../idioms.testing.js';

idioms(
  'require-pool-refresh',
  {
    capturedCredential: {
      'nest slonik':
        "import { SlonikModule } from 'nestjs-slonik'; export const m = SlonikModule.forRoot({ connectionUri: process.env.DATABASE_URL });",
      'nest cache of version 9':
        "import { CacheModule } from '@nestjs/common'; import { ConfigService } from '@nestjs/config'; export const m = CacheModule.registerAsync({ useFactory: (config: ConfigService) => ({ store, host: config.get('H'), password: config.get('REDIS_PASS') }) });",
      'nest typeorm forRoot':
        "import { Module } from '@nestjs/common'; import { TypeOrmModule } from '@nestjs/typeorm'; @Module({ imports: [TypeOrmModule.forRoot({ type: 'postgres', host: process.env.H, password: process.env.P, autoLoadEntities: true })] }) export class AppModule {}",
      'nest typeorm forRootAsync factory':
        "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigModule, ConfigService } from '@nestjs/config'; export const m = TypeOrmModule.forRootAsync({ imports: [ConfigModule], inject: [ConfigService], useFactory: (config: ConfigService) => ({ type: 'postgres', host: config.get('DB_HOST'), password: config.get('DB_PASSWORD') }) });",
      'nest typeorm forRootAsync factory block async':
        "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigModule, ConfigService } from '@nestjs/config'; export const m = TypeOrmModule.forRootAsync({ imports: [ConfigModule], inject: [ConfigService], useFactory: async (configService: ConfigService) => { return { type: 'mysql', password: configService.get<string>('database.password') }; } });",
      'nest typeorm forRootAsync factory url':
        "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigModule, ConfigService } from '@nestjs/config'; export const m = TypeOrmModule.forRootAsync({ useFactory: (configService: ConfigService) => ({ type: 'postgres', url: configService.getOrThrow('DATABASE_URL') }) });",
      'nest typeorm forRootAsync whole config':
        "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigModule, ConfigService } from '@nestjs/config'; export const m = TypeOrmModule.forRootAsync({ inject: [ConfigService], useFactory: (configService: ConfigService) => configService.get('database') });",
      'nest sequelize':
        "import { SequelizeModule } from '@nestjs/sequelize'; export const m = SequelizeModule.forRoot({ dialect: 'postgres', username: 'a', password: process.env.P });",
      'nest mongoose':
        "import { MongooseModule } from '@nestjs/mongoose'; export const m = MongooseModule.forRoot(process.env.MONGO_URI);",
      'nest mongoose async':
        "import { MongooseModule } from '@nestjs/mongoose'; import { ConfigService } from '@nestjs/config'; export const m = MongooseModule.forRootAsync({ inject: [ConfigService], useFactory: async (c: ConfigService) => ({ uri: c.get('MONGODB_URI') }) });",
      'nest bull':
        "import { BullModule } from '@nestjs/bull'; export const m = BullModule.forRoot({ redis: { host: process.env.H, port: 6379, password: process.env.REDIS_PASSWORD } });",
      'nest bullmq async':
        "import { BullModule } from '@nestjs/bullmq'; import { ConfigService } from '@nestjs/config'; export const m = BullModule.forRootAsync({ inject: [ConfigService], useFactory: (config: ConfigService) => ({ connection: { host: config.get('REDIS_HOST'), password: config.get('REDIS_PASSWORD') } }) });",
      'nest mikro':
        "import { MikroOrmModule } from '@mikro-orm/nestjs'; export const m = MikroOrmModule.forRoot({ driver: D, host: 'a', user: 'b', password: process.env.P });",
      'nest mikro async':
        "import { MikroOrmModule } from '@mikro-orm/nestjs'; import { ConfigService } from '@nestjs/config'; export const m = MikroOrmModule.forRootAsync({ useFactory: (c: ConfigService) => ({ clientUrl: c.get('DATABASE_URL') }), inject: [ConfigService] });",
      'nest useClass local':
        "import { TypeOrmModule, TypeOrmOptionsFactory } from '@nestjs/typeorm'; import { ConfigService } from '@nestjs/config'; class Svc implements TypeOrmOptionsFactory { constructor(private config: ConfigService) {} createTypeOrmOptions() { return { type: 'postgres', password: this.config.get('DB_PASSWORD') }; } } export const m = TypeOrmModule.forRootAsync({ useClass: Svc });",
      'nest factory ConfigType':
        "import { TypeOrmModule } from '@nestjs/typeorm'; export const m = TypeOrmModule.forRootAsync({ inject: [db.KEY], useFactory: (cfg: ConfigType<typeof db>) => ({ type: 'postgres', host: cfg.host, password: cfg.password }) });",
      'nest factory service url':
        "import { MongooseModule } from '@nestjs/mongoose'; export const m = MongooseModule.forRootAsync({ inject: [AppConfig], useFactory: (cfg: AppConfig) => ({ uri: cfg.mongoUri }) });",
    },
  },
  {
    'nest typeorm sqlite':
      "import { TypeOrmModule } from '@nestjs/typeorm'; export const m = TypeOrmModule.forRoot({ type: 'sqlite', database: 'a.db' });",
    'nest typeorm dataSourceFactory':
      "import { TypeOrmModule } from '@nestjs/typeorm'; import { DataSource } from 'typeorm'; export const m = TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', host: 'h', password: () => read() }), dataSourceFactory: async (options) => new DataSource(options) });",
    'nest typeorm forFeature':
      "import { TypeOrmModule } from '@nestjs/typeorm'; export const m = TypeOrmModule.forFeature([User]);",
    'nest typeorm pg function':
      "import { TypeOrmModule } from '@nestjs/typeorm'; export const m = TypeOrmModule.forRoot({ type: 'postgres', host: 'a', password: () => read() });",
    'nest mongoose plain':
      "import { MongooseModule } from '@nestjs/mongoose'; export const m = MongooseModule.forRoot('mongodb://localhost/nest');",
    'nest bull no password':
      "import { BullModule } from '@nestjs/bull'; export const m = BullModule.forRoot({ redis: { host: process.env.H, port: 6379 } });",
    'nest bull registerQueue':
      "import { BullModule } from '@nestjs/bull'; export const m = BullModule.registerQueue({ name: 'audio' });",
    'nest useClass sqlite':
      "import { TypeOrmModule } from '@nestjs/typeorm'; class Svc { createTypeOrmOptions() { return { type: 'sqlite', database: 'x' }; } } export const m = TypeOrmModule.forRootAsync({ useClass: Svc });",
  },
);
