
(function () {
  "use strict";
  var answer = location.hash.slice(1);
  if (!answer) {
    return;
  }
  history.replaceState(null, "", location.pathname);
  var form = document.getElementById("answer");
  new URLSearchParams(answer).forEach(function (value, name) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.appendChild(field);
  });
  document.getElementById("idle").hidden = true;
  form.hidden = false;
  document.title = "Finishing the sign-in";
  HTMLFormElement.prototype.submit.call(form);
})();
