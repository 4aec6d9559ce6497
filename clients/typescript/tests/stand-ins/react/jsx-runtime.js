/** An element, as React has it. */
export const jsx = (type, props) => ({ type, props });
