export declare namespace JSX {
  interface Element {
    type: string;
    props: { onClick: () => Promise<void>; children: string };
  }
  interface IntrinsicElements {
    button: { onClick: () => Promise<void>; children: string };
  }
}
export declare function jsx(type: string, props: object): JSX.Element;
