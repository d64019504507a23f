// Reads its credential when it starts, as most programs do.
import mysql from 'mysql2/promise';

import { read } from '../read.mjs';
import { address, serve } from '../serve.mjs';

serve(mysql.createPool({ ...address, ...read(), connectionLimit: 40 }));
