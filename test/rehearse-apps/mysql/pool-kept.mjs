// Reads its credential again and again, and keeps the pool that it made from the first.
import mysql from 'mysql2/promise';

import { read } from '../read.mjs';
import { address, serve } from '../serve.mjs';

let credential = read();
setInterval(() => (credential = read()), 100).unref();

serve(mysql.createPool({ ...address, ...credential, connectionLimit: 10 }));
