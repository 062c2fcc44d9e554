/** Programs are bundled as their texts. */
declare module "*.mtt" {
  const text: string;
  export default text;
}
