// SPDX-License-Identifier: MIT
// Shows /openapi.json with Swagger UI. A token that is pasted is kept in this variable and nowhere else: it is gone with the
// page. It does two things: the description is asked for with it, so that only what it permits is shown, and requests
// that are tried out carry it.
'use strict';

(() => {
  const field = document.getElementById('token');
  const told = document.getElementById('told');
  const reference = document.getElementById('reference');
  let token = '';

  function tell(text) {
    told.textContent = text;
    told.hidden = text === '';
  }

  async function read() {
    const headers = token === '' ? {} : {Authorization: `Bearer ${token}`};
    const answer = await fetch('/openapi.json', {headers, credentials: 'omit', cache: 'no-cache'});
    if (answer.status === 401) {
      throw new Error(token === '' ? 'This server describes its API to users only: paste a token above.'
        : 'The server does not take this token: log in again.');
    }
    if (!answer.ok) {
      throw new Error(`/openapi.json: ${answer.status} ${answer.statusText}`);
    }
    return answer.json();
  }

  // The name of the scheme that a bearer token goes with.
  function bearer(api) {
    const schemes = Object.entries(api.components?.securitySchemes ?? {});
    return schemes.find(([, scheme]) => scheme.type === 'http' && scheme.scheme === 'bearer')?.[0];
  }

  // A parameter that is JSON is text in an address. Told so, Swagger UI leaves it out until somebody fills it in; told of its
  // schema, it would send a sample of its own making.
  function askForText(api) {
    const holders = Object.values(api.paths).flatMap((item) => [item, ...Object.values(item)]);
    const parameters = [...Object.values(api.components?.parameters ?? {}), ...holders.flatMap((holder) => holder.parameters ?? [])];
    for (const parameter of parameters) {
      if (parameter.content) {
        delete parameter.content;
        parameter.schema = {type: 'string'};
      }
    }
  }

  function show(api) {
    const scheme = bearer(api);
    askForText(api);
    // Requests go to where the page came from, whatever name a proxy in front gives it.
    api.servers = [{url: window.location.origin}];
    const ui = window.SwaggerUIBundle({
      spec: api,
      domNode: reference,
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      filter: true,
      tryItOutEnabled: true,
      validatorUrl: null,
      onComplete() {
        if (token !== '' && scheme) {
          ui.preauthorizeApiKey(scheme, token);
        }
      },
    });
  }

  async function start() {
    tell('Reading /openapi.json ...');
    try {
      show(await read());
      tell(token === '' ? '' : 'What this token permits is shown, and requests carry it.');
    } catch (error) {
      reference.replaceChildren();
      tell(error.message);
    }
  }

  document.getElementById('caller').addEventListener('submit', (event) => {
    event.preventDefault();
    token = field.value.trim().replace(/^Bearer\s+/i, '');
    field.value = '';
    start();
  });
  document.getElementById('forget').addEventListener('click', () => {
    token = '';
    field.value = '';
    start();
  });
  start();
})();
