// A module with a pool of callbacks that does not follow.
import mysql from 'mysql2';

import { read } from '../read.mjs';
import { address } from '../serve.mjs';

export const pool = mysql.createPool({ ...address, ...read() });
