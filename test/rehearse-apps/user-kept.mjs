// Asks for the password for every connection, and for the user once.
import pg from 'pg';

import { read } from './read.mjs';
import { address, serve } from './serve.mjs';

serve(new pg.Pool({ ...address, max: 40, user: read().user, password: () => read().password }));
