import { existsSync } from 'node:fs';

/** A program that does nothing and succeeds. */
const TRUE = ['/usr/bin/true', '/bin/true'];

/**
 * Ends the process with the exit status 0 although threads still read from a disk that does not answer: Node would wait for them,
 * while replacing the program kills them (execve(2)).
 */
export function leave(): never {
  const program = TRUE.find((path) => existsSync(path));
  if (program !== undefined) process.execve?.(program, ['true'], {});
  process.exit(0);
}
