// Gets its credential with its environment.
import mysql from 'mysql2/promise';

import { serve } from '../serve.mjs';

serve(mysql.createPool(process.env.DATABASE_URL));
