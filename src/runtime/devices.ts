import { listSupportedBackends } from 'onnxruntime-node';
import { InputError, reasonOf, UsageError } from '../base/errors.ts';

/** Where a program runs: ONNX Runtime's CPU, WebGPU (any GPU; experimental upstream) or CUDA 12 (NVIDIA, Linux x64). */
export type Device = 'cpu' | 'webgpu' | 'cuda';

const devices: readonly Device[] = ['cpu', 'webgpu', 'cuda'];

/** The devices that this platform's ONNX Runtime package knows. CUDA is among them even before its libraries are installed. */
export function availableDevices(): Device[] {
  const names = new Set(listSupportedBackends().map((b) => b.name));
  return devices.filter((d) => names.has(d));
}

/** Turns a device's name into a Device, or throws an InputError that lists the devices there are. */
export function parseDevice(text: string): Device {
  const available = availableDevices();
  const found = available.find((d) => d === text);
  if (!found) throw new InputError('device', `"${text}" is not available here, only ${available.join(', ')}`);
  return found;
}

/** CUDA is not in the npm package; its maker's install script fetches it, and installs of Ballast run no scripts. */
export const cudaInstallHint =
  'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false (Linux x64, needs CUDA 12 and cuDNN 9)';

const hints: Readonly<Record<Device, string>> = {
  cpu: '',
  webgpu: '; it needs a GPU whose driver has Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS)',
  cuda: `; to install it: ${cudaInstallHint}`,
};

/** Explains why a session for `device` could not be created. */
export function deviceError(device: Device, cause: unknown): UsageError {
  // Of a failed assertion of ONNX Runtime's, what comes after the place and the condition.
  const reason = reasonOf(cause)
    .replace(/^.* was (?:false|true)\. /, '')
    .replace(/\.$/, '');
  const others = availableDevices().filter((d) => d !== device);
  return new UsageError(
    `device "${device}" did not start: ${reason}${hints[device]}; other devices here: ${others.join(', ')}`,
    { cause },
  );
}
