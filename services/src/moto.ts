import { freePort } from './free-port.js';
import { type HttpService, startHttpService } from './http-service.js';
import { motoRequirement } from './moto-requirement.js';
import { pythonTool } from './python.js';

/**
 * The AWS API (Secrets Manager, Lambda, IAM and more) as moto plays it, on a free port of loopback. Use any access key.
 *
 * @throws PartMissing when Python or the package cannot be had.
 */
export async function startMoto(): Promise<HttpService> {
  const command = await pythonTool({ requirement: motoRequirement, command: 'moto_server' });
  const port = await freePort();
  return await startHttpService({
    name: 'moto',
    command,
    args: ['--host', '127.0.0.1', '--port', String(port)],
    url: `http://127.0.0.1:${port}`,
    ready: '/moto-api/',
  });
}
