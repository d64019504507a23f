// Follows its credential.
import { pool } from './pool.mjs';
import { serve } from './serve.mjs';

serve(pool);
