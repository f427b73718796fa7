/**
 * The wall's names for what the API answers. The types themselves are made from its OpenAPI
 * document (`make types`), so a change there that the wall does not follow fails the type check.
 */
import type { components } from './schema';

type Schemas = components['schemas'];

export type User = Schemas['UserShape'];
export type Session = Schemas['SessionShape'];
export type Action = Schemas['Action'];
export type Config = Schemas['ConfigShape'];
export type Camera = Schemas['CameraShape'];
export type CameraStateEvent = Schemas['StateChange'];
export type CameraEvent = Schemas['EventShape'];
export type CameraPage = Schemas['CameraPage'];
export type EventPage = Schemas['EventPage'];
export type SignedOut = Schemas['SignedOut'];
export type SetupNeeded = Schemas['SetupNeeded'];
export type LoginBody = Schemas['LoginBody'];
export type SetupBody = Schemas['SetupBody'];
