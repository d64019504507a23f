/** The version of moto that the tests were written against. It brings boto3, which holds the models of all AWS APIs. */
export const motoRequirement = 'moto[server]==5.2.5';
