import { connect } from 'node:net';

/** Whether something accepts connections on a port of 127.0.0.1, or on a socket. */
export function accepts(where: { readonly port: number } | { readonly path: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('port' in where ? { host: '127.0.0.1', port: where.port } : where);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
