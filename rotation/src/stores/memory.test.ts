import { storeContract } from '../contracts/store-contract.js';
import { MemoryStore } from './memory.js';

storeContract('MemoryStore', () => Promise.resolve({ store: new MemoryStore() }));
