import { CodedError } from '../base/error.ts';

/** Why an image cannot be written or read. */
export type ImageErrorCode =
  /** A name, link target, attribute or tree is outside what the format can hold. */
  | 'unrepresentable'
  /** A number is outside the range that the format or this implementation allows. */
  | 'out-of-range'
  /** Bytes read from an image break the format's rules. */
  | 'malformed';

/** An image, or a part of one, breaks the rules of its format. */
export class ImageError extends CodedError<ImageErrorCode> {
  override readonly name = 'ImageError';
  override readonly exitCode = 3;
}
