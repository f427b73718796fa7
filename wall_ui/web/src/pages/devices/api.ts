import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import type { Camera } from '../../api/types';

type Schemas = components['schemas'];
export type Job = Schemas['JobShape'];
export type ProbeReport = Schemas['ProbeReport'];
export type Failure = Schemas['Failure'];
export type Discovery = Schemas['DiscoveryShape'];
export type Found = Schemas['FoundShape'];
export type Channel = Schemas['ChannelShape'];
export type Interfaces = Schemas['InterfacesShape'];

const ROOT = '/api/v1/discovery';
const WAIT_S = 15;

export function jobPath(id: string, step = ''): string {
  return `/api/v1/jobs/${encodeURIComponent(id)}${step}`;
}

/** Answers as soon as the job has changed, or after some seconds as it then is. */
export function nextOf(api: Api, job: Job): Promise<Job> {
  return api.get(`${jobPath(job.id)}?after=${job.revision}&wait_s=${WAIT_S}`);
}

export function listInterfaces(api: Api): Promise<Interfaces> {
  return api.get(`${ROOT}/interfaces`);
}

export function startDiscovery(api: Api, body: object): Promise<Job> {
  return api.send('POST', ROOT, body);
}

export function getDiscovery(api: Api, id: string): Promise<Discovery> {
  return api.get(`${ROOT}/${encodeURIComponent(id)}`);
}

export function startProbe(api: Api, body: object): Promise<Job> {
  return api.send('POST', '/api/v1/probe', body);
}

export function probeCamera(api: Api, id: string, of: 'stream' | 'device'): Promise<Job> {
  return api.send('POST', `/api/v1/cameras/${encodeURIComponent(id)}/probe?of=${of}`);
}

/** Writes what a probe of this camera found into its record. */
export function keepFacts(api: Api, id: string, job: string): Promise<Camera> {
  return api.send('POST', `/api/v1/cameras/${encodeURIComponent(id)}/facts`, { job });
}

/** The video sources of a device that was probed, and as which camera each is registered. */
export async function listChannels(api: Api, job: string): Promise<readonly Channel[]> {
  return (await api.get<Schemas['ChannelsShape']>(jobPath(job, '/channels'))).channels;
}

export function registerFound(api: Api, job: string, body: object): Promise<Camera> {
  return api.send('POST', jobPath(job, '/camera'), body);
}

export function probeOf(job: Job | null): ProbeReport | null {
  return job?.result?.kind === 'probe' ? job.result : null;
}
