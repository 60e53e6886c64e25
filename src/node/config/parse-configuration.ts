import * as v from 'valibot';
import { type Document, isMap, isNode, LineCounter, type Node, parseDocument } from 'yaml';
import { type ByteString, byteString } from '../../base/byte-string.ts';
import { decodeUtf8, displayName, escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import { CONFIGURATION, type WrittenConfiguration } from './schema.ts';

/** Aliases that a file may use: far more than real ones do, too few to make it grow without bounds. */
const ALIASES_MAX = 20;

/**
 * Parses a configuration file.
 *
 * @param path For messages.
 * @param key The key under which it stands in a cloud-config; undefined where it is the whole file.
 * @returns Undefined where the file has no such key, or nothing in it.
 * @throws NodeError ('configuration') with the line and column of what is wrong.
 */
export function parseConfiguration(
  bytes: Uint8Array,
  path: ByteString,
  key: string | undefined,
): WrittenConfiguration | undefined {
  const shown = displayName(path);
  const text = decodeUtf8(byteString(bytes));
  if (text === undefined) throw problem(shown, undefined, 'it is not in UTF-8');
  const lines = new LineCounter();
  const at = (offset: number | undefined): string | undefined => {
    if (offset === undefined) return undefined;
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  const [error] = document.errors;
  if (error !== undefined) throw problem(shown, at(error.pos[0]), error.message);
  // What else a cloud-config holds is not ours, whatever it is.
  const node = key === undefined ? document.contents : nodeUnder(document, key);
  if (node === undefined || node === null) return undefined;
  const value = javaScriptOf(node, document, (message) => problem(shown, at(node.range?.[0]), message));
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value))
    throw problem(
      shown,
      at(placeOf(document, key === undefined ? [] : [key])),
      'the configuration: it must be a mapping',
    );
  const result = v.safeParse(CONFIGURATION, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const keys = issue.path?.map(({ key: part }) => part as string | number) ?? [];
  const inFile = key === undefined ? keys : [key, ...keys];
  throw problem(
    shown,
    at(placeOf(document, inFile)),
    `${keys.join('.') || 'the configuration'}: ${messageOf(issue, keys)}`,
  );
}

function nodeUnder(document: Document, key: string): Node | undefined {
  const node = isMap(document.contents) ? document.contents.get(key, true) : undefined;
  return isNode(node) ? node : undefined;
}

/** What a node stands for. The library gives up in many ways on what nobody writes, such as mappings as keys of mappings. */
function javaScriptOf(node: Node, document: Document, refuse: (message: string) => NodeError): unknown {
  try {
    return node.toJS(document, { maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if (cause.message.startsWith('Excessive alias count')) {
      throw refuse(`it uses more than ${ALIASES_MAX} aliases`);
    }
    throw refuse(`it cannot be understood: ${escapeControls(cause.message.slice(0, 200))}`);
  }
}

/** Where a value begins, or else the key of it, or what it is in. */
function placeOf(document: Document, keys: readonly (string | number)[]): number | undefined {
  for (let depth = keys.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(keys.slice(0, depth), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function messageOf(issue: v.BaseIssue<unknown>, keys: readonly (string | number)[]): string {
  if (issue.type !== 'strict_object' || issue.expected !== 'never') return issue.message;
  const known = keys.length === 1 ? Object.keys(CONFIGURATION.entries) : ['http', 'https', 'no'];
  return `there is no such key; there are ${known.join(', ')}`;
}

function problem(path: string, place: string | undefined, message: string): NodeError {
  return new NodeError('configuration', `${path}${place === undefined ? '' : `:${place}`}: ${message}`, {
    hint: 'docs/configuration.md describes the file; nothing is done before it is right',
  });
}
