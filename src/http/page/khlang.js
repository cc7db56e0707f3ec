// Renews a page in place while somebody looks at it: the same page is asked
// for again and what changed is put where it was, so that neither the place on
// the page nor the focus is lost. Without script the page reloads itself.
"use strict";
(() => {
  // A page on which somebody may be typing renews one part of it alone.
  const parts = () => {
    const alone = document.querySelector("[data-renew]")?.dataset.alone;
    return alone ? [alone] : ["banner", "content"];
  };
  const seconds = () => Number(document.querySelector("[data-renew]")?.dataset.renew || 0);

  const put = (fresh, id) => {
    const [from, to] = [fresh.getElementById(id), document.getElementById(id)];
    if (!from || !to || from.innerHTML === to.innerHTML) return;
    const at = document.activeElement?.id;
    to.replaceChildren(...from.childNodes);
    to.className = from.className;
    if (from.dataset.state) to.dataset.state = from.dataset.state;
    if (at && document.activeElement?.id !== at) document.getElementById(at)?.focus({ preventScroll: true });
  };

  const renew = async () => {
    if (document.visibilityState === "visible") {
      try {
        const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
        const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
        document.title = fresh.title;
        parts().forEach((id) => put(fresh, id));
      } catch {
        // The server is away for a moment; what is shown stays.
      }
    }
    if (seconds()) setTimeout(renew, seconds() * 1000);
  };

  if (seconds()) setTimeout(renew, seconds() * 1000);
})();
