"use strict";
(() => {
  const steps = [...document.querySelectorAll(".step")];
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  let big = null;

  const current = () => {
    const line = innerHeight * 0.35;
    let found = -1;
    for (let i = 0; i < steps.length && steps[i].getBoundingClientRect().top <= line; i++) found = i;
    return found;
  };

  // The last steps cannot reach the top of the window, so a step that has the focus and can be seen counts first.
  const here = () => {
    const focused = document.activeElement.closest(".step");
    const box = focused?.getBoundingClientRect();
    return box && box.bottom > 0 && box.top < innerHeight ? steps.indexOf(focused) : current();
  };

  const go = (index) => {
    const step = steps[Math.max(0, Math.min(steps.length - 1, index))];
    if (!step) return;
    step.focus({ preventScroll: true });
    step.scrollIntoView({ block: "start" });
  };

  const close = () => {
    if (!big) return;
    big.classList.remove("big");
    big.querySelector("a").focus({ preventScroll: true });
    big = null;
  };

  const enlarge = (figure) => {
    if (big === figure) return close();
    close();
    if (!figure) return;
    big = figure;
    // What is contained in a step cannot cover the page while the step is laid out on its own.
    figure.closest(".step").style.contentVisibility = "visible";
    figure.classList.add("big");
    figure.querySelector("a").focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const frame = event.target.closest(".frame");
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (frame) {
      event.preventDefault();
      enlarge(frame.closest(".shot"));
    } else if (event.target.closest(".big")) close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inText = event.target.closest("pre, code");
    const at = here();
    if (event.key === "j" || (event.key === "ArrowRight" && !inText)) {
      close();
      go(at + 1);
    } else if (event.key === "k" || (event.key === "ArrowLeft" && !inText)) {
      close();
      go(at - 1);
    } else if (event.key === "e") {
      enlarge(big || steps[Math.max(0, at)]?.querySelector(".shot"));
    } else if (event.key === "Escape") {
      close();
    } else return;
    event.preventDefault();
  });

  const seen = new IntersectionObserver(
    () => {
      const step = steps[Math.max(0, current())];
      for (const [id, link] of links) {
        if (id !== step.id) link.removeAttribute("aria-current");
        else if (!link.hasAttribute("aria-current")) {
          link.setAttribute("aria-current", "step");
          const list = link.closest("ol");
          const top = link.offsetTop - list.offsetTop;
          if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 40) list.scrollTop = top - 80;
        }
      }
    },
    { rootMargin: "0px 0px -60% 0px", threshold: [0, 0.25, 0.5, 0.75, 1] },
  );
  for (const step of steps) seen.observe(step);

  addEventListener("beforeprint", () => {
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  });
})();
