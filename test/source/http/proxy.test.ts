import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/source/http/proxy.ts';

const PROXY = 'http://proxy.example:3128';

function chosen(url: string, environment: NodeJS.ProcessEnv): string | undefined {
  return proxyFor(new URL(url), environment)?.href;
}

describe('the proxy for a URL', () => {
  it.each([
    [{ HTTPS_PROXY: PROXY }, `${PROXY}/`],
    [{ https_proxy: PROXY, HTTPS_PROXY: 'http://other' }, `${PROXY}/`],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, `${PROXY}/`],
    [{ HTTPS_PROXY: 'user:p%40ss@proxy.example:3128' }, 'http://user:p%40ss@proxy.example:3128/'],
    [{ HTTP_PROXY: PROXY }, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{}, undefined],
  ])('is read from %j', (environment, expected) => {
    expect(chosen('https://registry.example/v2/', environment)).toBe(expected);
  });

  it.each(['socks5://user:secret@proxy.example', 'http://', 'user:secret@:x', 'secret proxy'])(
    'is an error where it is %s, which shows no password',
    (proxy) => {
      expect(() => chosen('https://registry.example/', { HTTPS_PROXY: proxy })).toThrow(
        expect.objectContaining({
          code: 'unsupported',
          message: expect.stringMatching(/^the proxy in HTTPS_PROXY (?!.*secret)/),
        }),
      );
    },
  );

  it.each(['https://localhost/', 'https://127.1.2.3:5000/', 'https://[::1]/'])('is none for %s', (url) => {
    expect(chosen(url, { HTTPS_PROXY: PROXY })).toBeUndefined();
  });

  it.each([
    ['registry.example', 'registry.example', true],
    ['REGISTRY.example', 'registry.example', true],
    ['example', 'registry.example', true],
    ['.example', 'registry.example', true],
    ['*.example', 'registry.example', true],
    ['*', 'registry.example', true],
    ['a.b, registry.example ,c', 'registry.example', true],
    ['a.b registry.example', 'registry.example', true],
    ['registry.example:443', 'registry.example', true],
    ['registry.example:5000', 'registry.example:5000', true],
    ['registry.example:5000', 'registry.example', false],
    ['ample', 'registry.example', false],
    ['registry.example.com', 'registry.example', false],
    ['', 'registry.example', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3:5000', '10.1.2.3:5000', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/99', '10.1.2.3', false],
    ['10.0.0.0/8', '10.example', false],
    ['2001:db8::/32', '[2001:db8::7]', true],
    ['2001:db8::7', '[2001:db8::7]', true],
    ['[2001:db8::7]:5000', '[2001:db8::7]:5000', true],
    ['2001:db8::7', '[2001:db8::8]', false],
    ['2.3', '10.1.2.3', false],
  ])('NO_PROXY=%s excepts %s: %s', (exceptions, host, isExcepted) => {
    const found = chosen(`https://${host}/`, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions });
    expect(found).toBe(isExcepted ? undefined : `${PROXY}/`);
  });
});
