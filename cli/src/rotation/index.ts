import type { Command } from 'commander';

import type { Terminal } from '../command/terminal.js';
import { adoptCommand } from './adopt.js';
import { auditCommand } from './audit.js';
import { bootstrapCommand } from './bootstrap.js';
import { doctorCommand } from './doctor.js';
import { permissionsCommand } from './permissions.js';
import { resumeCommand, retireCommand, rollbackCommand, rotateCommand } from './rotate.js';
import { statusCommand } from './status.js';

/** Every command about pairs. `finish` gets the exit code. */
export function rotationCommands(terminal: Terminal, finish: (code: number) => void): readonly Command[] {
  return [
    rotateCommand,
    statusCommand,
    retireCommand,
    resumeCommand,
    rollbackCommand,
    bootstrapCommand,
    adoptCommand,
    doctorCommand,
    auditCommand,
    permissionsCommand,
  ].map((make) => make(terminal, finish));
}
