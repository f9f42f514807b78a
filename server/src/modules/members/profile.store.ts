import type { Attribute, Profile } from './profile.ts';

/** A profile as it is stored: what is not known is left out. */
export interface ProfileJson {
  country?: string;
  birth_date?: string;
  time_zone?: string;
  attributes?: Record<string, Attribute>;
}

export const profileOf = (json: ProfileJson): Profile => ({
  country: json.country ?? null,
  birthDate: json.birth_date ?? null,
  timeZone: json.time_zone ?? null,
  attributes: json.attributes ?? {},
});
