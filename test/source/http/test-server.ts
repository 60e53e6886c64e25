import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server in this process. */
export interface TestServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The requests so far, oldest first. */
  readonly requests: IncomingMessage[];
  /** Answers the requests that follow; the tests set it. */
  answer: RequestListener;
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1 that answers 404 until told otherwise. */
export async function startTestServer(): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    running.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const running: TestServer = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (_, response) => void response.writeHead(404).end(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}
