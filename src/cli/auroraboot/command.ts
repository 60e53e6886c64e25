import type { Program } from '../run-program.ts';
import { extensionCommand } from './extension-command.ts';
import { genkeyCommand } from './genkey-command.ts';
import { inspectCommand } from './inspect-command.ts';
import { orderCommand } from './order-command.ts';
import { verifyCommand } from './verify-command.ts';

const EXAMPLE = `
Example:
  auroraboot genkey mylab --output keys
  auroraboot sysext --private-key=keys/db.key --certificate=keys/db.pem grype docker.io/anchore/grype:latest`;

/** `auroraboot`: builds, inspects and verifies extension images. */
export const AURORABOOT: Program = {
  name: 'auroraboot',
  description:
    'Builds signed system extensions (sysext, confext) for immutable Linux, without root or Docker.',
  example: EXAMPLE,
  build(program, invocation) {
    for (const command of [
      extensionCommand('sysext', invocation),
      extensionCommand('confext', invocation),
      inspectCommand(invocation),
      verifyCommand(invocation),
      orderCommand(invocation),
      genkeyCommand(invocation),
    ]) {
      program.addCommand(command.copyInheritedSettings(program));
    }
  },
};
