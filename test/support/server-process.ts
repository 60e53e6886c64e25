import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that serves until it is stopped. */
export interface ServerProcess {
  /** What it has written to stdout and stderr so far. */
  readonly log: () => string;
  /** Stops it and waits for its end. */
  stop(): Promise<void>;
}

/** A port on 127.0.0.1 that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a program and waits until `isReady` says so; an error with its words if it ends before. */
export async function startProcess(
  program: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
  environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...environment },
  });
  let log = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const end = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true;
      resolve();
    };
    child.on('close', finish);
    child.on('error', (error) => {
      log += error.message;
      finish();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill();
    const force = setTimeout(() => child.kill('SIGKILL'), 5000);
    await end;
    clearTimeout(force);
  };
  for (let tries = 0; !(await isReady()); tries++) {
    if (ended || tries === 300) {
      await stop();
      throw new Error(`${program} ${args.join(' ')} did not start:\n${log}`);
    }
    await sleep(50);
  }
  return { log: () => log, stop };
}
