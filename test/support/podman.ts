import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts } from './connect.ts';
import { mustRun } from './run-command.ts';
import { startProcess } from './server-process.ts';

/** Podman with a store of its own, and its service that speaks the API of the Docker daemon. */
export interface Podman {
  /** `unix:///…`, for DOCKER_HOST. */
  readonly url: string;
  readonly socket: string;
  /** Runs podman on that store; its output. */
  run(...args: string[]): Promise<string>;
  /** Stops the service and removes the store. */
  stop(): Promise<void>;
}

/** Starts the service (Debian package podman; needs root). */
export async function startPodman(): Promise<Podman> {
  const directory = mkdtempSync(join(tmpdir(), 'podman-'));
  const socket = join(directory, 'docker.sock');
  const store = ['--storage-driver', 'vfs', '--root', join(directory, 'root')];
  const options = [...store, '--runroot', join(directory, 'run'), '--tmpdir', join(directory, 'tmp')];
  const url = `unix://${socket}`;
  const service = await startProcess('podman', [...options, 'system', 'service', '--time', '0', url], () =>
    accepts({ path: socket }),
  );
  return {
    url,
    socket,
    run: async (...args) => (await mustRun('podman', [...options, ...args])).stdout.trim(),
    async stop() {
      await service.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
