
HTMLFormElement.prototype.submit.call(document.getElementById("response"));
