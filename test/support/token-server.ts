import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { KeyPair } from './key-pair.ts';

/** A request that a token server got. */
export interface TokenRequest {
  readonly method: string;
  readonly authorization: string | undefined;
  /** Of the query, or of the form. */
  readonly fields: URLSearchParams;
}

/** A token server on this machine, as distribution's spec/auth defines them. */
export interface TokenServer {
  readonly realm: string;
  readonly issuer: string;
  readonly requests: readonly TokenRequest[];
  stop(): Promise<void>;
}

/** Who gets a token for a request; undefined sends 401. The seconds it is valid may be below zero. */
export type TokenJudge = (request: TokenRequest) => { readonly validFor: number } | undefined;

/** Starts a server whose tokens a registry that knows the certificate takes. */
export async function startTokenServer(pair: KeyPair, judge: TokenJudge): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const issuer = 'test issuer';
  const server = createServer(async (incoming, response) => {
    const request = await tokenRequest(incoming);
    requests.push(request);
    const verdict = judge(request);
    response.writeHead(verdict === undefined ? 401 : 200, { 'content-type': 'application/json' });
    const token = verdict && signedToken(pair, issuer, request.fields, verdict.validFor);
    response.end(JSON.stringify(request.method === 'POST' ? { access_token: token } : { token }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    issuer,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function tokenRequest(incoming: IncomingMessage): Promise<TokenRequest> {
  const { method = '', headers, url = '/' } = incoming;
  const body = await text(incoming);
  const fields = method === 'POST' ? new URLSearchParams(body) : new URL(url, 'http://host').searchParams;
  return { method, authorization: headers.authorization, fields };
}

function signedToken(pair: KeyPair, issuer: string, fields: URLSearchParams, validFor: number): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = new X509Certificate(readFileSync(pair.certificate)).raw.toString('base64');
  const access = fields.getAll('scope').map((scope) => {
    const [type, name, actions = ''] = scope.split(':');
    return { type, name, actions: actions.split(',') };
  });
  const claims = {
    iss: issuer,
    sub: '',
    aud: fields.get('service'),
    exp: now + validFor,
    nbf: now - 3600,
    iat: now - 3600,
    jti: randomUUID(),
    access,
  };
  const head = [{ typ: 'JWT', alg: 'RS256', x5c: [certificate] }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(head), createPrivateKey(readFileSync(pair.key)));
  return `${head}.${signature.toString('base64url')}`;
}
