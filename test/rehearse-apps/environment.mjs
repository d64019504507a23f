// Gets its credential with its environment.
import pg from 'pg';

import { serve } from './serve.mjs';

serve(new pg.Pool({ connectionString: process.env.DATABASE_URL }));
