/** A thread that reads and hashes parts of files until it is terminated; see hash-threads.ts. */
import { parentPort } from 'node:worker_threads';
import type { HashJob } from './hash-job.ts';
import { hashParts } from './hash-parts.ts';

parentPort?.on('message', (job: HashJob) => hashParts(job));
