import { Argument, Command, Option } from 'commander';
import type { Invocation } from '../invocation.ts';
import type { AgentTarget } from './agent-target.ts';
import type { ChangeFlags } from './change.ts';
import type { DownloadFlags } from './download.ts';
import type { ListFlags } from './list.ts';
import type { StatusFlags } from './status.ts';
import type { VerifyFlags } from './verify.ts';

const NAME = `
NAME is the name of an extension or of its image file; else it is a regular expression, which must fit one of those in the
store.`;

const WHAT = { sysext: 'system extension', confext: 'configuration extension' } as const;

/** `kairos-agent sysext` or `kairos-agent confext`. */
export function classCommand(kind: 'sysext' | 'confext', invocation: Invocation, program: Command): Command {
  const target = (): AgentTarget => ({ kind, root: program.opts<{ root?: string }>().root });
  const example = (text: string): string =>
    `\nExample:\n  ${text.trim().replaceAll('KIND', kind).split('\n').join('\n  ')}`;
  const group = new Command(kind)
    .description(`Manages the ${WHAT[kind]}s of this node.`)
    .helpCommand(false)
    .addHelpText(
      'after',
      example(`kairos-agent KIND download https://example.org/extensions/k3sv1.32.1.raw
kairos-agent KIND enable --active --now k3s
kairos-agent KIND status`),
    )
    .copyInheritedSettings(program);
  const add = (command: Command): void => {
    group.addCommand(common(command).copyInheritedSettings(program));
  };
  add(
    new Command('download')
      .alias('install')
      .description(`Downloads an image into the store, once it is proven.`)
      .addArgument(new Argument('<URI>', 'https://, http://, file:// or oci://'))
      .option('--sha256 <HEX>', 'the SHA-256 that the image must have')
      .option('--name <FILE>', 'file name in the store, instead of the last part of the URI')
      .option('--force', 'replace an image of the same name with other content')
      .addHelpText(
        'after',
        example(`kairos-agent KIND download https://example.org/extensions/k3sv1.32.1.raw
kairos-agent KIND download --name k3s.KIND.raw oci://registry.example.org/k3s:1.32`),
      )
      .action(async (uri: string, flags: DownloadFlags) => {
        const { downloadFromFlags } = await import('./download.ts');
        await downloadFromFlags(uri, flags, target(), invocation);
      }),
  );
  for (const action of ['enable', 'disable'] as const) {
    const now =
      action === 'enable'
        ? 'make it live at once, if this boot loads the profile'
        : 'unload it at once, unless this boot loads it by another profile';
    add(
      profiles(
        new Command(action)
          .description(
            action === 'enable'
              ? `Enables a ${WHAT[kind]} for a boot profile.`
              : `Disables a ${WHAT[kind]} for a boot profile.`,
          )
          .addArgument(new Argument('<NAME>', 'the extension')),
        `${action} it for`,
      )
        .option('--now', now)
        .option('--dry-run', 'show what would be done')
        .addHelpText('after', NAME + example(`kairos-agent KIND ${action} --active --now k3s`))
        .action(async (name: string, flags: ChangeFlags) => {
          const { changeFromFlags } = await import('./change.ts');
          await changeFromFlags(action, name, flags, target(), invocation);
        }),
    );
  }
  add(
    new Command('remove')
      .description(`Removes a ${WHAT[kind]} from the store and from all profiles.`)
      .addArgument(new Argument('<NAME>', 'the extension'))
      .option('--now', 'unload it at once')
      .option('--dry-run', 'show what would be done')
      .addHelpText('after', NAME + example('kairos-agent KIND remove --now k3s'))
      .action(async (name: string, flags: ChangeFlags) => {
        const { changeFromFlags } = await import('./change.ts');
        await changeFromFlags('remove', name, flags, target(), invocation);
      }),
  );
  add(
    profiles(
      new Command('list').description(`Lists the ${WHAT[kind]}s in the store.`),
      'only those enabled for',
    )
      .addHelpText('after', example('kairos-agent KIND list --active'))
      .action(async (flags: ListFlags) => {
        const { listFromFlags } = await import('./list.ts');
        await listFromFlags(flags, target(), invocation);
      }),
  );
  add(
    new Command('status')
      .description('Shows what is enabled, what is live, and why the two differ.')
      .addArgument(new Argument('[NAME]', 'only this extension'))
      .addHelpText('after', NAME + example('kairos-agent KIND status k3s'))
      .action(async (name: string | undefined, flags: StatusFlags) => {
        const { statusFromFlags } = await import('./status.ts');
        await statusFromFlags(name, flags, target(), invocation);
      }),
  );
  add(
    new Command('verify')
      .description('Verifies images in the store with the trust of this machine.')
      .addArgument(new Argument('[NAME]', 'only this extension'))
      .option('--quick', 'leave out the data blocks that nothing else reads')
      .addHelpText('after', NAME + example('kairos-agent KIND verify k3s'))
      .action(async (name: string | undefined, flags: VerifyFlags) => {
        const { verifyFromFlags } = await import('./verify.ts');
        await verifyFromFlags(name, flags, target(), invocation);
      }),
  );
  return group;
}

/** Adds the options that every command of the agent has. */
export function common(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'print results, warnings and errors only')
    .option('--debug', 'print more, and stack traces');
}

function profiles(command: Command, what: string): Command {
  const names = { active: 'the active system', passive: 'the passive system', recovery: 'recovery' } as const;
  const others = (name: string): string[] =>
    ['active', 'passive', 'recovery', 'common'].filter((other) => other !== name);
  for (const [name, text] of Object.entries(names)) {
    command.addOption(new Option(`--${name}`, `${what} boots of ${text}`).conflicts(others(name)));
  }
  return command.addOption(new Option('--common', `${what} every boot`).conflicts(others('common')));
}
