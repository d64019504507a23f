/** Loaded into the process that runs a policy pack: it answers calls, and makes none. */
import { refuseNetwork } from './network.cjs';

refuseNetwork();
