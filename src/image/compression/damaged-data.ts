import { ImageError } from '../error.ts';

/** The error of compressed data that breaks the rules of its format. */
export function damagedData(format: string, cause: string): ImageError {
  return new ImageError('malformed', `${format} data: ${cause}`);
}
