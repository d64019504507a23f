// Reads its credential when it starts, as most programs do.
import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

serve(new pg.Pool({ ...address, max: 40, ...read() }));
