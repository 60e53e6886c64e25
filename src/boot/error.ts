import { CodedError } from '../base/error.ts';

/** Why a part of the boot stage was left undone. */
export type BootErrorCode =
  /** There was no time for it. */
  'time-limit';

/** A part of the boot stage was left undone; the boot goes on. */
export class BootError extends CodedError<BootErrorCode> {
  override readonly name = 'BootError';
  override readonly exitCode = 1;
}
