import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes TCP connections on to a port of this machine and cuts some of them. */
export interface CuttingRelay {
  readonly port: number;
  /** Cuts the next connections, each after so many bytes of what comes back. */
  cutAfter(...bytes: number[]): void;
  /** How many connections it has cut. */
  readonly cuts: () => number;
  stop(): Promise<void>;
}

/** Starts a relay to a port of 127.0.0.1. */
export async function startRelay(to: number): Promise<CuttingRelay> {
  let limits: number[] = [];
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let passed = 0;
    upstream.on('data', (piece: Buffer) => {
      const limit = limits[0] ?? Number.POSITIVE_INFINITY;
      const rest = Math.max(0, limit - passed);
      passed += piece.length;
      if (piece.length < rest) {
        if (!client.write(piece)) {
          upstream.pause();
          client.once('drain', () => upstream.resume());
        }
        return;
      }
      upstream.removeAllListeners('data').pause();
      limits.shift();
      cuts += 1;
      client.write(piece.subarray(0, rest));
      client.destroySoon();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter: (...bytes) => {
      limits = bytes;
    },
    cuts: () => cuts,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
