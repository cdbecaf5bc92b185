/** Thrown when whoever reads what the program prints has closed it: there is nobody to tell. */
export class NobodyReads extends Error {}
