import { words } from '../../i18n/index.svelte';
import { en } from './words.en';
import { vi } from './words.vi';

export const t = words(vi, en);
