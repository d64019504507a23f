/**
 * Reads a request per line and answers each in a line. boto3 refuses parameters that the API's published model does not have, or that lack
 * or have the wrong type; the model's longest lengths, patterns and sets of values are looked at here, because boto3 does not.
 */
export const awsCallerProgram = `
import io, json, sys, zipfile
import boto3, regex
from botocore import xform_name

endpoint, clients = sys.argv[1], {}

def client(service, region):
    if (service, region) not in clients:
        clients[service, region] = boto3.client(service, endpoint_url=endpoint, region_name=region,
                                                aws_access_key_id='test', aws_secret_access_key='test')
    return clients[service, region]

def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()

def faults(shape, value, place):
    kind, limits = shape.type_name, shape.metadata
    longest = limits.get('max')
    if kind == 'blob':
        return
    if longest is not None and kind in ('string', 'list', 'map') and len(value) > longest:
        yield f'{place} is {len(value)} long, and {longest} are allowed'
    if kind in ('integer', 'long', 'float', 'double') and longest is not None and value > longest:
        yield f'{place} is {value}, and {longest} is the most'
    if kind == 'string':
        if shape.enum and value not in shape.enum:
            yield f'{place} is {value}, and these are allowed: {", ".join(shape.enum)}'
        pattern = limits.get('pattern')
        if pattern and not regex.fullmatch(pattern, value):
            yield f'{place} is {value}, which does not match {pattern}'
    elif kind == 'structure':
        for name, item in value.items():
            yield from faults(shape.members[name], item, f'{place}.{name}')
    elif kind == 'list':
        for index, item in enumerate(value):
            yield from faults(shape.member, item, f'{place}[{index}]')
    elif kind == 'map':
        for name, item in value.items():
            yield from faults(shape.key, name, f'{place} name')
            yield from faults(shape.value, item, f'{place}.{name}')

def prepared(value):
    if isinstance(value, list):
        return [prepared(item) for item in value]
    if not isinstance(value, dict):
        return value
    if '$zip' in value:
        return zipped(value['$zip'])
    return {name: prepared(item) for name, item in value.items()}

def call(service, region, operation, parameters):
    caller, parameters = client(service, region), prepared(parameters)
    shape = caller.meta.service_model.operation_model(operation).input_shape
    from botocore.validate import ParamValidator
    report = ParamValidator().validate(parameters, shape) if shape else None
    if report is not None and report.has_errors():
        raise ValueError(report.generate_report())
    found = list(faults(shape, parameters, operation)) if shape else []
    if found:
        raise ValueError('; '.join(found))
    answer = getattr(caller, xform_name(operation))(**parameters)
    answer.pop('ResponseMetadata', None)
    return answer

for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = {'answer': call(request['service'], request['region'], request['operation'], request['parameters'])}
    except Exception as error:
        reply = {'refused': f'{type(error).__name__}: {error}'}
    print(json.dumps({'id': request['id'], **reply}, default=str), flush=True)
`;
